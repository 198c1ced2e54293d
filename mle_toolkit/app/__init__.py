"""``mle app``: the page that runs on one's own machine; see `mle_toolkit.app.serving`.

Three parts talk in messages of JSON. The page (``page.html``, ``app.js``) gathers what its controls say; the server
(`serving`, extra ``[app]``) hands it on, and computes nothing; a process a tab (`worker`, `desk`) reads the data, fits
and draws. So nothing that takes long stops the page, no tab sees another's data, and a computation can be ended.
"""
