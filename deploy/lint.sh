#!/bin/sh
# What can be checked without a build, in seconds: the format of all Swift files, and that each target imports what Package.swift
# declares for it and nothing else.
set -eu
cd "$(dirname "$0")/.."
swift format lint --strict --recursive Sources Tests deploy Package.swift
swift package --ignore-lock dump-package | swift deploy/check-imports.swift
