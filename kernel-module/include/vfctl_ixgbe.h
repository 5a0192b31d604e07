/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mailbox versions 1.6 and 1.7 for a PF driver that stops at 1.4.
 *
 * A VF that got 1.6 or 1.7 uses all that 1.4 has in the same way, so the
 * driver's decisions by version see 1.4 (vfctl_ixgbe_as_known()). What is new:
 * operation 0x11 (link state of the PF, asked by E610 only) and in 1.7
 * operation 0x12, by which the VF asks for features. 1.5 and feature bit 1
 * stand for another handshake of the mailbox registers, which a Linux PF does
 * not speak: a VF that gets either waits a second for each request and has no
 * link. Both are refused.
 */
#ifndef VFCTL_IXGBE_H
#define VFCTL_IXGBE_H

#include <linux/errno.h>
#include "vfctl_pf.h"

/* On the wire: enum ixgbe_pfvf_api_rev of the trees that know them. */
#define VFCTL_IXGBE_API_14 5
#define VFCTL_IXGBE_API_16 7
#define VFCTL_IXGBE_API_17 8

#define VFCTL_IXGBE_GET_PF_LINK 0x11
#define VFCTL_IXGBE_NEGOTIATE_FEATURES 0x12
#define VFCTL_IXGBE_FEATURE_IPSEC 0x1

static inline bool vfctl_ixgbe_is_newer(u32 version)
{
	return version == VFCTL_IXGBE_API_16 || version == VFCTL_IXGBE_API_17;
}

static inline unsigned int vfctl_ixgbe_as_known(unsigned int version)
{
	return vfctl_ixgbe_is_newer(version) ? VFCTL_IXGBE_API_14 : version;
}

/*
 * Answers, in @message, an operation that the driver does not know.
 * 0 grants it, -EOPNOTSUPP refuses it, -ENOSYS says that nobody knows it.
 */
static inline int vfctl_ixgbe_operation(unsigned int version, u32 *message)
{
	switch (message[0] & 0xffff) {
	case VFCTL_IXGBE_NEGOTIATE_FEATURES:
		if (version != VFCTL_IXGBE_API_17)
			return -EOPNOTSUPP;
		message[1] &= VFCTL_IXGBE_FEATURE_IPSEC;
		return 0;
	case VFCTL_IXGBE_GET_PF_LINK:
		return vfctl_ixgbe_is_newer(version) ? -EOPNOTSUPP : -ENOSYS;
	default:
		return -ENOSYS;
	}
}

#endif
