# Sourced by tests/7*.t after lib.sh: the client in a terminal of its own.
#
#	tui_start [NAME=VALUE]...	80x24, environment changed by the values
#	tui_stop		ends it, however it is
#	tui_ended		waits until it has ended by itself, with status 0
#	keys KEY...		as tmux send-keys takes them
#	typed TEXT		literally
#	screen			what stands on it
#	sees PATTERN		waits until a line of it matches (grep -E)
#	gone PATTERN		waits until none does
#	mail FOLDER NAME [FIELD: VALUE]... -- LINE...	a file from outside

term=tui$$
tui_size='-x 80 -y 24'

tui_start()
{
	tui_stop
	# shellcheck disable=SC2086
	env -u TMUX -u NO_COLOR "$@" tmux -L "$term" -f /dev/null \
	    new-session -d $tui_size "$mailnode 2>$node/tui.err" || return 1
	tmux -L "$term" set-option -g remain-on-exit on \; \
	    set-option -g window-size manual >/dev/null
	tmux -L "$term" pipe-pane "cat >>$node/tui.raw"
}

tui_pid() { tmux -L "$term" display-message -p "#{$1pid}" 2>/dev/null; }

# The server answers before it is gone: who came then was sent away with it.
tui_stop()
{
	server=$(tui_pid '') || return 0
	tmux -L "$term" kill-server 2>/dev/null
	wait_for '! alive "$server"'
}

# tmux 3.3 now and then leaves a child uncollected until one more signal.
tui_ended()
{
	client=$(tui_pid pane_) && wait_for '! alive "$client"' || return 1
	kill -CHLD "$(tui_pid '')"
	sees 'status 0'
}

keys() { tmux -L "$term" send-keys "$@"; }
typed() { tmux -L "$term" send-keys -l "$1"; }
screen() { tmux -L "$term" capture-pane -p; }

sees()
{
	pattern=$1
	wait_for 'screen | grep -qE -e "$pattern"' "${2:-10}" && return
	echo "no $pattern on:"; screen; cat "$node/tui.err"
	return 1
}

gone()
{
	pattern=$1
	wait_for '! screen | grep -qE -e "$pattern"' && return
	echo "still $pattern on:"; screen
	return 1
}

# Written as another mail program would: tmp, then new.
mail()
{
	box=$1 name=$2; shift 2
	file=$node/Mail/$box/tmp/$name.M1P1.test
	{
		while [ $# -gt 0 ] && [ "$1" != -- ]; do
			printf '%s\r\n' "$1"; shift
		done
		[ $# -eq 0 ] || shift
		printf '\r\n'
		for line; do printf '%s\r\n' "$line"; done
	} >"$file"
	mv "$file" "$node/Mail/$box/new/"
}

# The file of a message, by a word of its content.
file_of() { grep -rlF -e "$1" "$node/Mail/$2/cur" "$node/Mail/$2/new" 2>/dev/null; }
