"""Named queries: plain synchronous functions of a SQLAlchemy Connection. No SQL is written elsewhere."""
