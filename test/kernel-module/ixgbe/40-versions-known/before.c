#include "ixgbe_sriov.h"

static int ixgbe_negotiate_vf_features(struct ixgbe_adapter *adapter, u32 *words, u32 vf)
{
	if (adapter->vfinfo[vf].vf_api != ixgbe_mbox_api_17)
		return -EOPNOTSUPP;
	words[1] &= IXGBE_PF_SUPPORTED;
	return 0;
}
