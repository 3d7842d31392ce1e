"""Records out of a file: its columns, what each row would do, letting the good ones in. What is of one kind of record
alone each module brings itself, as a `Kind`."""
