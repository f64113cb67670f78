"""Pages for people, made with NiceGUI: each calls the acts, as the API does, and asks each time anew who is there.

door       signing in and out, choosing a password: plain forms without a script
visits     one open page and who has it open; frame: what is around every page; parts: the elements they are made of
plan       which pages there are, and who may open each
mounting   all of it put on the app
"""
