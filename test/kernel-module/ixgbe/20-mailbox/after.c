#include "ixgbe.h"
#include "ixgbe_sriov.h"
#include "vfctl_ixgbe.h"

static int __ixgbe_enable_sriov(struct ixgbe_adapter *adapter, unsigned int num_vfs)
{
	adapter->num_vfs = num_vfs;
	vfctl_vf_count(adapter->pdev, adapter->num_vfs);
	return 0;
}

static int ixgbe_vf_reset_msg(struct ixgbe_adapter *adapter, u32 vf)
{
	struct ixgbe_hw *hw = &adapter->hw;
	u32 answer[4] = {0, 0, 0, 0};

	vfctl_vf_reset(adapter->pdev, vf, VFCTL_RESET_MESSAGE);
	ixgbe_vf_reset_event(adapter, vf);
	vfctl_message_out(adapter->pdev, vf, answer, 4);
	ixgbe_write_mbx(hw, answer, 4, vf);
	return 0;
}

static int vfctl_ixgbe_negotiate_vf_api(struct ixgbe_adapter *adapter,
					u32 *words, u32 vf)
{
	int api = words[1];

	if (api > 4)
		return -1;
	adapter->vfinfo[vf].vf_api = api;
	return 0;
}

static int ixgbe_negotiate_vf_api(struct ixgbe_adapter *adapter, u32 *words,
				  u32 vf)
{
	u32 version = words[1];
	int error = vfctl_ixgbe_negotiate_vf_api(adapter, words, vf);

	if (error)
		vfctl_api_refused(adapter->pdev, vf, version);
	else
		vfctl_api_granted(adapter->pdev, vf, version);
	return error;
}

static int ixgbe_rcv_msg_from_vf(struct ixgbe_adapter *adapter, u32 vf)
{
	u32 size = IXGBE_VFMAILBOX_SIZE;
	u32 words[IXGBE_VFMAILBOX_SIZE];
	struct ixgbe_hw *hw = &adapter->hw;
	int result;

	result = ixgbe_read_mbx(hw, words, size, vf);
	vfctl_message_in(adapter->pdev, vf, result, words, size);
	if (result)
		return result;

	switch (words[0] & 0xFFFF) {
	case IXGBE_VF_API_NEGOTIATE:
		result = ixgbe_negotiate_vf_api(adapter, words, vf);
		break;
	default:
		vfctl_unhandled(adapter->pdev, vf);
		e_err(drv, "Unhandled Msg %8.8x\n", words[0]);
		result = -EIO;
		break;
	}

	vfctl_message_out(adapter->pdev, vf, words, size);
	ixgbe_write_mbx(hw, words, size, vf);
	return result;
}

void ixgbe_msg_task(struct ixgbe_adapter *adapter)
{
	struct ixgbe_hw *hw = &adapter->hw;
	u32 vf;

	for (vf = 0; vf < adapter->num_vfs; vf++) {
		if (!ixgbe_check_for_rst(hw, vf)) {
			vfctl_vf_reset(adapter->pdev, vf, VFCTL_RESET_FLR);
			ixgbe_vf_reset_event(adapter, vf);
		}
		if (!ixgbe_check_for_msg(hw, vf))
			ixgbe_rcv_msg_from_vf(adapter, vf);
	}
}
