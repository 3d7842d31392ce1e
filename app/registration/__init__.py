"""Public registration: who looks for a berth says so on a page without signing in."""
