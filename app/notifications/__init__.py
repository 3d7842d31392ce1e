"""What a user is told: in the application, by mail, in a daily digest."""
