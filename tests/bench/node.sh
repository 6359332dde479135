# Sourced by the benchmarks: lib.sh, and a node that takes all it can.
TOP=$(cd "$(dirname "$0")/../.." && pwd)
. "$TOP/tests/lib.sh"

bench_node()
{
	node_use "${bench_name:-node}"
	node_config sessions_max 2000 sessions_per_address 2000 "$@" &&
	    node_build && node_init
}
