"""A rehearsed Helm: it renders a real chart's templates, keeps releases, and waits as Helm does."""
