#include "igb.h"

static void igb_ping_all_vfs(struct igb_adapter *adapter)
{
	struct e1000_hw *hw = &adapter->hw;
	u32 ping = 0x100;
	int i;

	for (i = 0; i < adapter->vfs_allocated_count; i++)
		igb_write_mbx(hw, &ping, 1, i);
}

static void igb_vf_reset_event(struct igb_adapter *adapter, u32 vf)
{
	unsigned char *mac = adapter->vf_data[vf].mac;

	forget(mac);
	igb_vf_reset(adapter, vf);
}

static void igb_vf_reset_msg(struct igb_adapter *adapter, u32 vf)
{
	struct e1000_hw *hw = &adapter->hw;
	u32 answer[3] = {};

	igb_vf_reset(adapter, vf);
	igb_write_mbx(hw, answer, 3, vf);
}

static int igb_rcv_msg_from_vf(struct igb_adapter *adapter, u32 vf)
{
	struct pci_dev *pdev = adapter->pdev;
	struct e1000_hw *hw = &adapter->hw;
	u32 words[E1000_VFMAILBOX_SIZE];
	s32 result;

	result = igb_read_mbx(hw, words, E1000_VFMAILBOX_SIZE, vf, false);
	if (result)
		return result;

	switch (words[0] & 0xFFFF) {
	case E1000_VF_SET_LPE:
		result = size(adapter, words[1], vf);
		break;
	default:
		dev_err(&pdev->dev, "Unhandled Msg %08x\n", words[0]);
		result = -1;
		break;
	}

	igb_write_mbx(hw, words, 1, vf);
	return result;
}
