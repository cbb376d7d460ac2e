"""Every verb of the command line."""

from __future__ import annotations

__all__ = ["ALIASES", "VERBS"]

# Every verb with what it does, for `boxship --help`; the module has the same name.
VERBS = {
    "ls": "list the tags of a repository",
    "catalog": "list the repositories of a registry",
    "digest": "print the digests that references stand for",
    "manifest": "print a manifest, byte for byte",
    "config": "print an image's configuration, byte for byte",
    "blob": "print a blob, verified",
    "inspect": "print what an image says of itself",
    "history": "print the steps that an image was made in",
    "files": "list files of an image, print them, or take them out",
    "tree": "print the layers of an image, and what is wasted in them",
    "diff": "print how two images differ: configuration, layers, files, packages",
    "copy": "copy an image between registries, folders and files",
    "pull": "pull images into a file or a folder",
    "push": "push an image from a file or a folder",
    "validate": "see whether images are what they say they are",
    "export": "write an image's file system as one tar, or into a folder",
    "tag": "give tags to an image in a registry",
    "untag": "take tags away, and leave what they stand for",
    "delete": "delete an image, with every tag that stands for it",
    "append": "put tars and folders on an image as layers",
    "mutate": "change an image's labels, environment, entrypoint and so on",
    "flatten": "make one layer of an image's",
    "rebase": "put an image on another base",
    "index": "look into indexes, and make them",
    "edit": "edit a configuration or a manifest by hand",
    "artifact": "push files to registries, attach them to images, and pull them",
    "referrers": "print what refers to an image, and to that in turn",
    "layout": "look after a layout in a folder (layout gc)",
    "sync": "keep images the same in two places: of a file, or of one source",
    "prune": "say what of repositories may go, and have it go",
    "audit": "look at the images that YAML of Kubernetes, compose files and lists name",
    "ping": "see whether and how a registry answers",
    "api": "send a request of your own, with boxship's credentials and rules",
    "doctor": "say where it is stuck on the way to a registry, and what to do",
    "explain": "print every effective setting, who says so, and what lost to it",
    "login": "show a user name and password to a registry, and keep what it accepts",
    "logout": "forget what is kept for a registry",
    "auth": "credentials: a token for curl, which one is sent and why (auth token, auth why)",
    "registry": "run a registry (registry serve)",
    "ui": "show a registry on a page in a browser",
    "completion": "print a script for bash, zsh or fish, which completes tags, too",
    "demo": "see it work: a registry, and a firewall in its way",
    "version": "print the version",
}
ALIASES = {"cp": "copy", "list-tags": "ls", "tags": "ls"}
