#!/bin/sh
# What DKMS runs for a kernel; its release is the argument.
set -e
vfctl driver build --kernel "$1"
cp "/var/lib/vfctl/drivers/$1"/*.ko .
