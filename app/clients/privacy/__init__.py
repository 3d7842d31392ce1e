"""What is held about a client: putting it together for them, and forgetting it."""
