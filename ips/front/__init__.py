"""The broker's HTTP front: async from end to end, no thread but the writer's.

app        the routes, and what every request passes
answers    bodies in, JSON and problems out, in two languages
office     the operator's own door: a unix socket in the folder
receipts   the customers' door: their e-receipts, and nothing else
allowance  how often somebody may ask there
openapi    the interface described by itself, OpenAPI 3.1
server     uvicorn on sockets of ours; announces itself, ends with its parent
"""
