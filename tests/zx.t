. tests/lib.sh
node_use a
node_config && node_build && node_init && node_start || exit 1
port=$(node_port smtp)
for i in 1 2 3 4 5; do swaks --server 127.0.0.1:$port --from "a$i@example.net" --to me@node.test --tls --h-From "Åsa Übermut $i <a$i@example.net>" --h-Subject "Grüße $i 日本語" --body "letter $i
second line" --silent 2; done
swaks --server 127.0.0.1:$port --from "b@example.net" --to me@node.test --attach-type text/html --attach '<p>Hello <b>bold</b></p>' --h-Subject "html one" --silent 2
wait_for '[ $(ls $node/Mail/INBOX/new | wc -l) -ge 6 ]' 
echo "NODE $node"
tmux -L mn kill-server 2>/dev/null
tmux -L mn new-session -d -s t -x 100 -y 30 "env MAILNODE_HOME=$MAILNODE_HOME HOME=$HOME TERM=screen-256color EDITOR=${ED-/bin/true} $mailnode 2>$node/tui.err"
wait_for 'tmux -L mn capture-pane -p -t t | grep -q html'
tmux -L mn capture-pane -p -t t
for k in Enter; do tmux -L mn send-keys -t t $k; done; sleep 1; tmux -L mn capture-pane -p -t t
tmux -L mn send-keys -t t q ; sleep 0.3; tmux -L mn send-keys -t t '?'; sleep 0.5; tmux -L mn capture-pane -p -t t
tmux -L mn send-keys -t t q; sleep 0.3; tmux -L mn send-keys -t t j d ; sleep 0.5;  tmux -L mn capture-pane -p -t t; tmux -L mn send-keys -t t u; sleep 0.5;  tmux -L mn capture-pane -p -t t | head -12
tmux -L mn send-keys -t t xq; sleep 0.5;  tmux -L mn capture-pane -p -t t | head -12
tmux -L mn kill-server
