"""The embedded stack: real PostgreSQL, NATS JetStream and S3 from Python wheels, without Docker and without root."""
