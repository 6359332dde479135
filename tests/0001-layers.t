#!/bin/sh
# The house's arrows, habits that a grep can hold, and the manuals.
. "$(dirname "$0")/lib.sh"

rooms='mailnode/base crypto store hooks mailnode/node mailnode/auth
mailnode/filter mailnode/smtp mailnode/queue mailnode/imap mailnode/ops tui
mailnode/role mailnode'
files=$(for r in $rooms; do ls "$r"/*.[ch] 2>/dev/null; done)
headers=$(printf '%s\n' "$files" | grep '\.h$')

# Prints nothing when no input line was left over.
none() { ! grep .; }

# A file includes only its own room and rooms before it, from the root.
arrows()
{
	# shellcheck disable=SC2086
	awk -v rooms="$rooms" '
	BEGIN { n = split(rooms, r); for (i = 1; i <= n; i++) at[r[i]] = i }
	function room(path) { sub("/[^/]*$", "", path); return path }
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, q, "\""); to = room(q[2]); from = room(FILENAME)
		if (!(to in at) || at[to] > at[from] || q[2] !~ "/")
			print FILENAME ": " q[2]
	}' $files | none
}
ok 'includes go to the own room or to the left' arrows

# PATTERN of headers, then the files that may include them.
only_in()
{
	pattern=$1; shift
	# shellcheck disable=SC2086
	grep -nE "^[ \t]*#[ \t]*include[ \t]*<($pattern)" $files |
	    grep -vE "^($(printf '%s' "$*" | tr ' ' '|'))" | none
}
ok 'sodium and openssl in crypto'	only_in 'sodium|openssl/' crypto/
ok 'sqlite, notmuch, gmime, glib in store' \
    only_in 'sqlite3|notmuch|gmime|glib' store/
ok 'ncurses in tui'	only_in 'n?curses|term\.h' tui/
ok 'c-ares in role_resolver' only_in ares mailnode/role/role_resolver.c
ok 'libidn2 in node/idna' only_in 'idn2' mailnode/node/idna.c
ok 'zlib in node/deflate' only_in zlib mailnode/node/deflate.c
ok 'expat, archive, qrencode in ops' only_in 'expat|archive|qrencode' \
    mailnode/ops/
ok 'no threads'		only_in 'pthread|threads\.h' none

# A service finds an operation by its number, in one table or another.
# shellcheck disable=SC2086
twice() { grep -hoE '^[[:space:]]+[A-Z_]+ = 0x0[0-9a-f]{3}' $headers |
    sed 's/.* //' | sort | uniq -d | none; }
ok 'each operation has a number of its own' twice

gmime=$(pkg-config --cflags gmime-3.0 | sed 's/-I/-isystem /g')
alone()
{
	for h in $headers; do
		# shellcheck disable=SC2086
		echo "#include \"$h\"" | cc -std=c11 -D_POSIX_C_SOURCE=200809L \
		    -Wall -Wextra -Wpedantic -Werror -I. $gmime \
		    -fsyntax-only -x c - ||
		    return 1
	done
}
ok 'every header compiles alone' alone

guarded()
{
	for h in $headers; do
		grep -q '^#ifndef [A-Z0-9_]*_H$' "$h" || echo "$h"
	done | none
}
ok 'every header is guarded' guarded

# Code without comments and literals, as FILE:LINE:TEXT.
code()
{
	perl -e 'for my $f (@ARGV) { open(my $h, "<", $f) or die; local $/;
	    my $t = <$h>;
	    $t =~ s{/\*.*?\*/|"(?:\\.|[^"\\])*"|\x27(?:\\.|[^\x27\\])*\x27}
	        {my $m = $&; (my $n = $m) =~ tr/\n//cd; $m =~ m{^/} ? $n : "\"\"$n"}gse;
	    my $i = 0; print map { "$f:" . ++$i . ":$_\n" } split /\n/, $t }' "$@"
}
# shellcheck disable=SC2086
code $files >"$tmp/code"

uses()		# uses WORDS [FILE-PATTERN that may]
{
	grep -E "(^|[^A-Za-z0-9_.>])($1)[ \t]*\(" "$tmp/code" |
	    grep -vE "^(${2-none}):" | none
}
ok 'no unbounded string calls' \
    uses 'strcpy|strcat|sprintf|vsprintf|strncpy|strncat|strtok|gets|stpcpy'
ok 'no numbers by atoi or strto*' uses 'atoi|atol|atoll|atof|strtol|strtoul|strtoll|strtoull|strtod|sscanf'
ok 'no alloca, system, popen' uses 'alloca|system|popen|tmpnam|mktemp'
ok 'no setjmp, but over what throws' uses 'setjmp|longjmp' store/dyn.c
ok 'only clock.c asks for the time' \
    uses 'time|clock_gettime|gettimeofday' mailnode/base/clock.c
ok 'forks: proc, hooks, the editor' uses 'fork|vfork|posix_spawn|posix_spawnp' \
    '(mailnode/(node/(child|control)[a-z_]*)|hooks/[a-z_]*|tui/[a-z_]*)\.c'
ok 'lower rooms neither log nor print nor exit' \
    uses 'log_line|printf|fprintf|vfprintf|puts|fputs|putchar|perror|exit|_exit' \
    '(mailnode/(base/bug|node/.*|smtp/.*|queue/.*|imap/.*|ops/.*|role/.*|[a-z_]*)|tui/.*|hooks/.*|crypto/terminal|store/cli[a-z_]*)\.[ch]'

# A secret reaches no log, no text, and is compared in constant time.
secrets()
{
	perl -0ne 'while (/\b(log_line|printf|fprintf|snprintf|buf_addf|buf_adds|proc_alarm|memcmp|strcmp)\s*\((?:[^()]|\([^()]*\))*\)/g)
	    { my $c = $&; $c =~ s/"(?:\\.|[^"\\])*"//g;
	      print "$ARGV: $c\n" if $c =~ /\b(secret_(?!ok|err|len)\w+|secret->|passphrase|password|privkey)\b/ }' \
	    $(printf '%s\n' $files) | none
}
# shellcheck disable=SC2046
ok 'no secret in logs, text or memcmp' secrets

environment()
{
	perl -ne 'while (/getenv\("([^"]*)"\)/g) { print "$ARGV: $1\n"
	    unless $1 =~ /^(MAILNODE_HOME|HOME|EDITOR|VISUAL|TERM|TERM_PROGRAM|VTE_VERSION|SHELL|PAGER|XDG_RUNTIME_DIR|CREDENTIALS_DIRECTORY|LOGNAME|USER|TMPDIR|BROWSER|DISPLAY|WAYLAND_DISPLAY|COLUMNS|NO_COLOR|LANG|LC_\w+|PATH|NOTIFY_SOCKET)$/ }' \
	    $(printf '%s\n' $files) | none
}
ok 'MAILNODE_HOME is the only variable of our own' environment

length()
{
	# shellcheck disable=SC2086
	wc -l $files | awk '$2 != "total" && $1 > 700 { print $2 ": " $1 }' |
	    none
}
ok 'no file over 700 lines' length

lint()
{
	manuals=$(for r in $rooms; do ls "$r"/*.[1578] 2>/dev/null; done)
	[ -n "$manuals" ] || return 0
	# shellcheck disable=SC2086
	mandoc -T lint -W warning $manuals
}
ok 'mandoc finds nothing in the manuals' lint

done_testing
