"""An HTTP/1.1 server for one WSGI application: threads, sockets, files by sendfile."""
