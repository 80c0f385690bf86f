-- The trace that a job is a part of, as W3C Trace Context writes it: the headers
-- traceparent and, behind a space, tracestate.
ALTER TABLE job ADD COLUMN trace TEXT;
