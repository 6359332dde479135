// imapflow.js HOST PORT USER PASSWORD: what the npm client imapflow does with
// a server, as TAP.  NODE_PATH names where it is installed.
'use strict';
const { ImapFlow } = require('imapflow');
const assert = require('assert');

const [host, port, user, pass] = process.argv.slice(2);
let n = 0;
let failed = false;

async function ok(name, fn)
{
	n++;
	let timer;
	try {
		await Promise.race([fn(), new Promise((_, no) => {
			timer = setTimeout(() => no(new Error('timeout')), 20000);
		})]);
		console.log(`ok ${n} - imapflow: ${name}`);
	} catch (e) {
		failed = true;
		console.log(`not ok ${n} - imapflow: ${name}`);
		console.log('# ' + String(e.stack || e).replace(/\n/g, '\n# '));
	}
	clearTimeout(timer);
}

function client(more)
{
	return new ImapFlow(Object.assign({ host, port: Number(port),
	    secure: true, auth: { user, pass }, logger: false,
	    tls: { rejectUnauthorized: false } }, more));
}

const letter = i => `From: f${i}@x.test\r\nTo: me@node.test\r\n` +
    `Subject: flow ${i}\r\nMessage-ID: <flow${i}@x.test>\r\n\r\n` +
    `text ${i} ${'x'.repeat(i * 1000)}\r\n`;
const until = (c, event, test) => new Promise(yes => {
	c.on(event, function on(e) {
		if (test(e)) {
			c.off(event, on);
			yes(e);
		}
	});
});

(async () => {
	const a = client({ qresync: true });
	const b = client({});
	await ok('connects', () => a.connect());
	await ok('compresses', async () => {
		assert.ok(a.capabilities.has('COMPRESS=DEFLATE'));
		assert.ok(a._deflate && a._inflate);
	});
	await b.connect();
	await ok('lists folders with their uses', async () => {
		const uses = (await a.list()).map(x => x.specialUse);
		for (const u of ['\\Inbox', '\\Sent', '\\Trash', '\\Drafts',
		    '\\Junk', '\\Archive'])
			assert.ok(uses.includes(u), u);
	});
	await ok('creates, appends, fetches', async () => {
		await a.mailboxCreate('flow');
		for (let i = 1; i <= 12; i++) {
			const r = await a.append('flow', letter(i),
			    i % 2 ? ['\\Seen'] : []);
			assert.ok(r.uid);
		}
		await a.mailboxOpen('flow');
		assert.strictEqual(a.mailbox.exists, 12);
		let seen = 0;
		for await (const m of a.fetch('1:*', { envelope: true,
		    flags: true, bodyStructure: true, source: true,
		    size: true, internalDate: true })) {
			assert.strictEqual(m.source.length, m.size);
			assert.strictEqual(m.envelope.messageId,
			    `<flow${m.seq}@x.test>`);
			seen += m.flags.has('\\Seen') ? 1 : 0;
		}
		assert.strictEqual(seen, 6);
	});
	await ok('downloads a part', async () => {
		const d = await a.download('3', '1');
		let text = '';
		for await (const c of d.content)
			text += c;
		assert.ok(text.startsWith('text 3'));
	});
	await ok('searches', async () => {
		assert.deepStrictEqual(await a.search({ seen: false }),
		    [2, 4, 6, 8, 10, 12]);
		assert.deepStrictEqual(await a.search({ subject: 'flow 12' }),
		    [12]);
		assert.deepStrictEqual(await a.search({ or: [{ from: 'f1@' },
		    { header: { 'Message-ID': '<flow2@' } }] }), [1, 2]);
	});
	await ok('flags, moves, copies, deletes', async () => {
		assert.ok(await a.messageFlagsAdd('1:2', ['\\Flagged', 'kw']));
		const m = await a.messageMove('1', 'Archive');
		assert.strictEqual(m.uidMap.size, 1);
		const c = await a.messageCopy('1', 'Trash');
		assert.strictEqual(c.uidMap.size, 1);
		assert.ok(await a.messageDelete('2'));
		assert.strictEqual(a.mailbox.exists, 10);
		const s = await a.status('flow', { messages: true,
		    uidNext: true, highestModseq: true, unseen: true });
		assert.strictEqual(s.messages, 10);
	});
	await ok('idles and hears of mail, flags, expunges', async () => {
		await a.mailboxOpen('flow');
		await b.mailboxOpen('flow');
		const idle = a.idle();
		let told = until(a, 'exists', e => e.count === 11);
		await b.append('flow', letter(50));
		await told;
		told = until(a, 'flags', e => e.flags.has('\\Answered'));
		await b.messageFlagsAdd('2', ['\\Answered']);
		await told;
		told = until(a, 'expunge', () => true);
		await b.messageDelete('1');
		await told;
		await a.noop();
		await idle;
		assert.strictEqual(a.mailbox.exists, 10);
	});
	await ok('resyncs with QRESYNC', async () => {
		const at = a.mailbox.highestModseq;
		const valid = a.mailbox.uidValidity;
		await a.mailboxClose();
		await b.mailboxOpen('flow');
		const uids = await b.search({ all: true }, { uid: true });
		await b.messageFlagsAdd(String(uids[3]), ['late'],
		    { uid: true });
		await b.messageDelete(String(uids[0]), { uid: true });
		const gone = [];
		const on = e => gone.push(e.uid);
		a.on('expunge', on);
		await a.mailboxOpen('flow');
		assert.strictEqual(a.mailbox.uidValidity, valid);
		const changed = [];
		for await (const m of a.fetch('1:*', { uid: true, flags: true },
		    { changedSince: at, uid: true }))
			changed.push(m);
		a.off('expunge', on);
		assert.ok(changed.some(m => m.uid === uids[3] &&
		    m.flags.has('late') && m.modseq > at));
		assert.ok(!changed.some(m => m.uid === uids[0]));
	});
	await ok('is told by itself while it does nothing', async () => {
		await a.mailboxOpen('INBOX');
		const told = until(a, 'exists', () => true);
		// auto-idle starts by itself
		await new Promise(y => setTimeout(y, 500));
		const t = a.idle();
		await b.append('INBOX', letter(99));
		await told;
		await a.noop();
		await t;
	});
	await ok('deletes the folder, logs out', async () => {
		await b.mailboxClose();
		await a.mailboxDelete('flow');
		await a.logout();
		await b.logout();
	});
	console.log(`1..${n}`);
	process.exit(failed ? 1 : 0);
})();
