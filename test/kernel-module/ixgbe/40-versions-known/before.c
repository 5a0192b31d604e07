#include "ixgbe_sriov.h"

static int vfctl_ixgbe_negotiate_vf_api(struct ixgbe_adapter *adapter, u32 *words, u32 vf)
{
	int api = words[1];

	switch (api) {
	case ixgbe_mbox_api_10:
	case ixgbe_mbox_api_14:
		adapter->vfinfo[vf].vf_api = api;
		return 0;
	default:
		break;
	}
	return -1;
}

static int ixgbe_get_vf_queues(struct ixgbe_adapter *adapter, u32 *words, u32 vf)
{
	switch (adapter->vfinfo[vf].vf_api) {
	case ixgbe_mbox_api_14:
		break;
	default:
		return -1;
	}
	return adapter->vfinfo[vf].vf_api == ixgbe_mbox_api_14;
}

static int ixgbe_rcv_msg_from_vf(struct ixgbe_adapter *adapter, u32 vf)
{
	u32 words[IXGBE_VFMAILBOX_SIZE];
	int result;

	switch (words[0] & 0xFFFF) {
	case IXGBE_VF_GET_QUEUES:
		result = ixgbe_get_vf_queues(adapter, words, vf);
		break;
	default:
		vfctl_unhandled(adapter->pdev, vf);
		e_err(drv, "Unhandled Msg %8.8x\n", words[0]);
		result = -EIO;
		break;
	}
	return result;
}

static int ixgbe_negotiate_vf_features(struct ixgbe_adapter *adapter, u32 *words, u32 vf)
{
	return 0;
}
