#!/bin/sh
# What the guest agent calls when libvirt asks the guest to shut down: there is nothing to stop.
sync
case $1 in
-r) exec reboot -f ;;
*) exec poweroff -f ;;
esac
