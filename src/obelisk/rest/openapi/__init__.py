"""The description of the REST API for programs: OpenAPI 3.1, from the route table."""
