"""Tags: words with a colour that records of any kind may carry."""
