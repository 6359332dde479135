#!/bin/sh
# Invitations and address cards, as people read them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

node_use a
ok 'a node is made' eval 'node_config && node_build && node_init'
mail INBOX 1700000001 'From: Eve <eve@example.net>' 'To: me@node.test' \
    'Subject: lunch' 'Date: Mon, 16 Nov 2026 10:00:00 +0000' \
    'Message-ID: <lunch@example.net>' 'MIME-Version: 1.0' \
    'Content-Type: multipart/mixed; boundary=a' -- '--a' \
    'Content-Type: multipart/alternative; boundary=b' '' '--b' \
    'Content-Type: text/plain' '' 'Shall we?' '--b' \
    'Content-Type: text/html' '' '<p>Shall <b>we</b>?' '--b' \
    'Content-Type: text/calendar; method=REQUEST' '' 'BEGIN:VCALENDAR' \
    'METHOD:REQUEST' 'BEGIN:VEVENT' 'SUMMARY:Lunch\, at last' \
    'DTSTART;TZID=Europe/Berlin:20261201T120000' \
    'DTEND;TZID=Europe/Berlin:20261201T130000' 'LOCATION:The ' ' Inn' \
    'ORGANIZER;CN=Eve:mailto:eve@example.net' 'DESCRIPTION:Bring\nmoney' \
    'END:VEVENT' 'END:VCALENDAR' '--b--' '--a' \
    'Content-Type: text/vcard; name=eve.vcf' \
    'Content-Disposition: attachment' '' 'BEGIN:VCARD' 'FN:Eve E.' \
    'TEL;TYPE=cell:+44 20' 'END:VCARD' '--a--'

tui_start
ok 'listed'		sees 'lunch'
keys Enter
ok 'what it is'		sees '^Invitation: +Lunch, at last'
ok 'when'		sees '^When: +Tue, 01 Dec 2026 12:00 - 13:00 \(Europe/Berlin\)'
ok 'where'		sees '^Where: +The Inn'
ok 'by whom'		sees '^Organiser: +Eve <eve@example.net>'
ok 'and the text'	sees '^Shall we'
keys H
ok 'the HTML, too'	eval 'sees "^Shall we" && sees "^Where: +The Inn"'
keys v; sees 'text/calendar' >/dev/null
keys = j j j j Enter
ok 'all of it, opened'	sees '^Bring'
keys q; sees 'text/vcard' >/dev/null
keys s
ok 'without a name it has one to be saved by' sees '^Save as: event\.ics'
keys C-c; gone 'Save as' >/dev/null
keys G Enter
ok 'a card is read'	sees '^Name: Eve E\.'
ok 'with its number'	sees '^Telephone: \+44 20'
done_testing
