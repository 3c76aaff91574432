"""The simulated Docker host, live: what a real docker command causes, as it happens.

Bottom to top: `snapshot` (what there is to see at an instant, as data); `steps` and `words` (what is said of it); `layout` and `ways`
(where it stands); `drawing`, `people`, `kernel`, `hardware`, `terminal`, `stair`, `meters`, `frame` and `scene` (the drawing); `process`,
`controls` and `window` (a process of its own, with a window or a recording). Read first: docs/visuals/docker.md.
"""
