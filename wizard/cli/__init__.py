"""The command line: arguments, exit codes, choice of front end. Thin; heavy imports are deferred."""
