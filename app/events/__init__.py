"""Events: what happened, to what, by whom. Audit record, timeline line and webhook payload in one."""
