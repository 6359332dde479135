#!/bin/sh
# What examples/ shows compiles, parses and is complete.
. "$(dirname "$0")/lib.sh"

compiles()
{
	make -s "$tmp/$2/conf.o" CONFIG="$1" BUILD="$tmp/$2" >/dev/null
}

for example in home vps; do
	config=examples/$example/config.h
	ok "$config compiles" compiles "$config" "$example"
done

sed 's,build/demo/demo\.h,build/none/demo.h,' examples/demo/config.h \
    >"$tmp/demo.h"
ok 'the one of the demo alone does not' fails eval \
    'compiles "$tmp/demo.h" demo 2>"$tmp/said"'
ok 'and says who makes what it lacks' grep -q 'error.*make demo' "$tmp/said"

# ---- README
absent() { for word; do grep -qF -e "$word" README.md || echo "$word"; done; }
# shellcheck disable=SC2046
is 'README has each room and manual' "$(absent $(for d in crypto store hooks \
    tui mailnode/*/; do echo "\`${d%/}\`"; done) $(for m in */*.[1578]; do
    basename "$m" | sed 's/\.\(.\)$/(\1)/'; done))" ''

# ---- an older config.h
settings() { sed -n 's/^static const .*[ *]\([a-z0-9_]*\)\(\[\]\)\{0,1\} = .*/\1/p' \
    config.def.h | sort; }
newest=$(sed -n 's/^#define CONFIG_VERSION[[:space:]]*//p' config.def.h)
# What version 1 had; CHANGES tells all later ones, under their number.
first='catchall colors connections_per_minute domains hooks hostname keys listeners local_socket local_uids maildir message_max
queries realname recipients_max relays reserve_mib resolvers
sessions_max sessions_per_address sign_ed25519 subaddress tls_required
undo_s user'
later=$(perl -ne '$in = $1 > 1 if /^\tCONFIG_VERSION (\d+)/;
    print "$1\n" if $in && /^\t- ([a-z0-9_]+)[,;.]/' CHANGES)
is 'CHANGES lists each setting that came later' "$(printf '%s\n' $first $later |
    sort)" "$(settings)"
is 'under the number of config.def.h' "$(sed -n \
    's/^\tCONFIG_VERSION \([0-9]*\).*/\1/p' CHANGES | head -1)" "$newest"
is 'mailnode-config(5) has each' "$(for s in $(settings); do
    grep -qE "^\.(It Va|Va|Ss)( .*)? ?$s( |,|\[|\$)" mailnode/mailnode-config.5 ||
    echo "$s"; done)" ''

# Words and options of each command's usage that its items in mailnode(8)
# have not; -j, secrets and Argon2 stand there once for all.
unsaid()
{
	perl -0777 -e '
	my ($main, $page) = map { local @ARGV = $_; <> } @ARGV;
	my %said;
	for (split /^(?=\.It Nm Cm |\.Ss |\.Sh )/m, $page) {
		my ($c) = /^\.It Nm Cm (\w+)/ or next;
		$said{$c} .= $_;
	}
	my ($t) = $main =~ /cmds\[\] = \{(.*?)\n\};/s;
	while ($t =~ /\{ "(\w+)",\s*cmd_\w+,\s*((?:"(?:\\.|[^"])*"\s*)+)/g) {
		my ($c, $lines) = ($1, $2);
		my $u = join "", $lines =~ /"((?:\\.|[^"])*)"/g;
		my $text = $said{$c} // do { print "$c\n"; next };
		my %has = map { $_ => 1 } map { /^-/ ? $_ : split // }
		    $text =~ /\bFl (-[a-z0-9-]+|[A-Za-z]+)/g;
		$has{$_} = 1 for "j", "-passphrase-stdin", "-secret-stdin",
		    "-argon2";
		$u =~ s/\\n +mailnode \w+//g;
		for ($u =~ /(?<![\w-])-(-[\w-]+|\w+)/g) {
			$has{$_} or print "$c -$_\n" for /^-/ ? $_ : split //;
		}
		(my $w = $u) =~ s/--?[\w-]+//g;
		for ($w =~ /(?<![A-Za-z.])([a-z]+)(?![A-Za-z])/g) {
			$text =~ /\b\Q$_\E\b/ or print "$c $_\n";
		}
	}' "$1" "$2"
}
is 'mailnode(8) has each command and option' "$(unsaid mailnode/main.c \
    mailnode/mailnode.8)" ''
sed '/It Fl -dark/d; /It Nm Cm import/s/Fl q//' mailnode/mailnode.8 >"$tmp/less"
is 'and would miss some' "$(unsaid mailnode/main.c "$tmp/less")" \
    "$(printf 'import -q\ndevice ---dark' | sed 's/---/--/')"

old() # old SED: compiles config.def.h so changed, prints what make says
{
	sed "$1" config.def.h >"$tmp/old.h"
	make -s "$tmp/old/conf.o" CONFIG="$tmp/old.h" BUILD="$tmp/old" 2>&1
}
old '/CONFIG_VERSION/d; /forwarders\[\]/d' >"$tmp/said"
ok 'an older one stops the build' [ ! -e "$tmp/old/conf.o" ]
ok 'and says what to do' grep -q 'older than mailnode.*CHANGES' "$tmp/said"
ok 'and what is missing' grep -q 'forwarders.*undeclared' "$tmp/said"
old 's/^\(#define CONFIG_VERSION\).*/\1 9999/' >"$tmp/said"
ok 'a newer one stops it, too' grep -q 'newer than this mailnode' "$tmp/said"
old 's/^static.* undo_s = .*/&\nstatic const unsigned int undo_seconds = 60;/' \
    >"$tmp/said"
ok 'a setting that there is not is warned of' \
    grep -q 'undo_seconds.*not used' "$tmp/said"
ok 'and built' [ -e "$tmp/old/conf.o" ]

unit=examples/systemd/mailnode.service
# Prints what systemd has to say of a unit; its program must exist.
verify()
{
	mkdir -p "$tmp/bin" "$tmp/unit" "$tmp/run"
	cp /bin/true "$tmp/bin/mailnode"
	sed "s,/usr/local/bin,$tmp/bin," "$1" >"$tmp/unit/mailnode.service"
	XDG_RUNTIME_DIR=$tmp/run systemd-analyze --user --man=no verify \
	    "$tmp/unit/mailnode.service" 2>&1
}
is "systemd-analyze verifies $unit" "$(verify "$unit")" ''
sed 's/^Restart=/Restrat=/' "$unit" >"$tmp/wrong"
ok 'and would see a wrong key' sh -c \
    'echo "$1" | grep -q Restrat' - "$(verify "$tmp/wrong")"

if [ "$(id -u)" = 0 ] && command -v nft >/dev/null; then
	ok 'nft takes redirect.nft' nft -c -f examples/port25/redirect.nft
fi
done_testing
