"""Every format in and out: sound files, pictures, folders of a dataset."""
