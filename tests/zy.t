. tests/lib.sh
node_use a
node_config && node_build && node_init && node_start || exit 1
wait_for 'mn status -j | grep -q "\"ready\":true"'
sleep 3
tot=0
for p in $(pgrep -s $(cat $node/serve.pid)); do awk -v c=$(cat /proc/$p/comm) '/^Pss:/{p=$2}/^Rss/{r=$2}/^Pss_Dirty/{d=$2}/^Private_Dirty/{pd=$2}/^Private_Clean/{pc=$2}/^Shared_Dirty/{sd=$2} END{printf "%-12s pss %d rss %d privdirty %d privclean %d shareddirty %d\n",c,p,r,pd,pc,sd}' /proc/$p/smaps_rollup; done | tee $tmp/m
awk '{s+=$3;d+=$7} END{print "sum pss",s,"privdirty",d}' $tmp/m
p=$(pgrep -s $(cat $node/serve.pid) mn-indexer); awk '/^[0-9a-f]+-/{n=$6} /^Private_Dirty/{if($2>20)print $2,n}' /proc/$p/smaps | sort -rn | head -30
echo ==; p=$(pgrep -s $(cat $node/serve.pid) mn-filer); awk '/^[0-9a-f]+-/{n=$6} /^Private_Dirty/{if($2>8)print $2,n}' /proc/$p/smaps | sort -rn | head -30
