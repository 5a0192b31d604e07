// SPDX-License-Identifier: GPL-2.0-only
/* Hooks where a driver sets what a VF may be and do. */
#include <linux/etherdevice.h>
#include "record.h"

void vfctl_vf_mac(struct pci_dev *pf, unsigned int index, const u8 *mac)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);

	if (!vf)
		return;
	ether_addr_copy(vf->state.mac, mac);
	vfctl_vf_unlock(vf, flags);
	vfctl_tell(pf, index, VFCTL_EVENT_MAC);
}
EXPORT_SYMBOL_GPL(vfctl_vf_mac);

static bool has_filter(const struct vfctl_vf_state *state, const u8 *mac)
{
	unsigned int i;

	for (i = 0; i < state->filters; i++)
		if (ether_addr_equal(state->filter[i], mac))
			return true;
	return false;
}

void vfctl_vf_filter_added(struct pci_dev *pf, unsigned int index, const u8 *mac)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);
	struct vfctl_vf_state *state;

	if (!vf)
		return;
	state = &vf->state;
	if (state->filters < VFCTL_MAX_FILTERS && !has_filter(state, mac))
		ether_addr_copy(state->filter[state->filters++], mac);
	vfctl_vf_unlock(vf, flags);
	vfctl_tell(pf, index, VFCTL_EVENT_MAC);
}
EXPORT_SYMBOL_GPL(vfctl_vf_filter_added);

void vfctl_vf_filters_cleared(struct pci_dev *pf, unsigned int index)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);

	if (!vf)
		return;
	vf->state.filters = 0;
	vfctl_vf_unlock(vf, flags);
	vfctl_tell(pf, index, VFCTL_EVENT_MAC);
}
EXPORT_SYMBOL_GPL(vfctl_vf_filters_cleared);

/* VLAN 0 stands for frames without a tag: drivers set it for every VF. */
void vfctl_vf_vlan(struct pci_dev *pf, unsigned int index, u16 vid, bool added)
{
	unsigned long flags;
	struct vfctl_vf *vf = vid && vid < VLAN_N_VID ? vfctl_vf_lock(pf, index, &flags) : NULL;

	if (!vf)
		return;
	__assign_bit(vid, vf->vlans, added);
	vfctl_vf_unlock(vf, flags);
	vfctl_tell(pf, index, VFCTL_EVENT_VLAN);
}
EXPORT_SYMBOL_GPL(vfctl_vf_vlan);

void vfctl_vf_vlans_cleared(struct pci_dev *pf, unsigned int index)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);

	if (!vf)
		return;
	bitmap_zero(vf->vlans, VLAN_N_VID);
	vfctl_vf_unlock(vf, flags);
	vfctl_tell(pf, index, VFCTL_EVENT_VLAN);
}
EXPORT_SYMBOL_GPL(vfctl_vf_vlans_cleared);

void vfctl_vf_setting(struct pci_dev *pf, unsigned int index,
		      enum vfctl_setting setting, u32 value)
{
	unsigned long flags;
	struct vfctl_vf *vf = vfctl_vf_lock(pf, index, &flags);

	if (!vf)
		return;
	switch (setting) {
	case VFCTL_PORT_VLAN:
		vf->state.port_vlan = value;
		break;
	case VFCTL_SPOOFCHK:
		vf->state.spoofchk = value;
		break;
	case VFCTL_TRUST:
		vf->state.trust = value;
		break;
	case VFCTL_LINK:
		vf->state.link = value;
		break;
	}
	vfctl_vf_unlock(vf, flags);
	vfctl_tell(pf, index, setting == VFCTL_PORT_VLAN ? VFCTL_EVENT_VLAN : VFCTL_EVENT_POLICY);
}
EXPORT_SYMBOL_GPL(vfctl_vf_setting);
