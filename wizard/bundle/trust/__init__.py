"""Who is trusted, until when, and who must have signed: a policy file, and the verdict over signatures."""
