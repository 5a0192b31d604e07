#include "igb.h"

static void igb_ping_all_vfs(struct igb_adapter *adapter)
{
	struct e1000_hw *hw = &adapter->hw;
	u32 ping = 0x100;
	int i;

	for (i = 0; i < adapter->vfs_allocated_count; i++) {
		vfctl_message_out(adapter->pdev, i, &ping, 1);
		igb_write_mbx(hw, &ping, 1, i);
	}
}

static void igb_vf_reset_event(struct igb_adapter *adapter, u32 vf)
{
	vfctl_vf_reset(adapter->pdev, vf, VFCTL_RESET_FLR);
	unsigned char *mac = adapter->vf_data[vf].mac;

	forget(mac);
	igb_vf_reset(adapter, vf);
}

static void igb_vf_reset_msg(struct igb_adapter *adapter, u32 vf)
{
	struct e1000_hw *hw = &adapter->hw;
	u32 answer[3] = {};

	vfctl_vf_reset(adapter->pdev, vf, VFCTL_RESET_MESSAGE);
	igb_vf_reset(adapter, vf);
	vfctl_message_out(adapter->pdev, vf, answer, 3);
	igb_write_mbx(hw, answer, 3, vf);
}

static int igb_rcv_msg_from_vf(struct igb_adapter *adapter, u32 vf)
{
	struct pci_dev *pdev = adapter->pdev;
	struct e1000_hw *hw = &adapter->hw;
	u32 words[E1000_VFMAILBOX_SIZE];
	s32 result;

	result = igb_read_mbx(hw, words, E1000_VFMAILBOX_SIZE, vf, false);
	vfctl_message_in(adapter->pdev, vf, result, words,
			 E1000_VFMAILBOX_SIZE);
	if (result)
		return result;

	switch (words[0] & 0xFFFF) {
	case E1000_VF_SET_LPE:
		result = size(adapter, words[1], vf);
		break;
	default:
		vfctl_unhandled(adapter->pdev, vf);
		dev_err(&pdev->dev, "Unhandled Msg %08x\n", words[0]);
		result = -1;
		break;
	}

	vfctl_message_out(adapter->pdev, vf, words, 1);
	igb_write_mbx(hw, words, 1, vf);
	return result;
}
