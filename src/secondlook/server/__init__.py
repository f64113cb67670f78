"""The service: many people, one gallery, and a record of what each of them did.

acts      what may be done, each a plain function of service and actor; whoever asks, the answer is the same
api       acts over HTTP; pages: acts for people; both are thin
rows      what is kept; work: what takes long (uploads, jobs, cameras), each in a process of its own
alerts    what is told to others
"""
