"""What follows what. `dispatch` hands each event and job to a module; read them in the order of the story:
`reports`, `matches` (with `readings`), `evidence`, `decisions`, `removals` (with `learning`), `upkeep`.

What follows from an event happens in one transaction with the mark that it did, so it happens once. Work that
asks a platform or takes long is a job. A job may run twice. No transaction is open while a platform is asked;
a fault that may pass is raised, and the queue tries again.
"""
