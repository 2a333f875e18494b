"""Where manifest bytes come from: each source yields snapshots, and none of them judges one."""
