"""Pictures: downloaded, checked, stored by content hash and handed out again; knows nothing of jobs.

``library`` stores results and deletes the least used above its limit (``fetch`` downloads, ``check`` decodes, ``stored``
is the record); ``storage`` is where the files are, one file a backend; ``metadata`` is the recipe inside a file;
``thumbnails`` makes smaller copies, ``archive`` a ZIP; ``uploads`` are the visitors' own input pictures;
``neutral`` makes copies for voters, ``svg`` draws an SVG.
"""
