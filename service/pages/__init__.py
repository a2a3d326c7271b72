"""Pages for browsers: HTML made on the server, live by server-sent events, whole without JavaScript."""
