// libvirt's constants under libvirt's own names; only those that vfctl uses.

/** virDomainModificationImpact: which definition a call changes.
 * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainModificationImpact */
export const VIR_DOMAIN_AFFECT_LIVE = 1;
export const VIR_DOMAIN_AFFECT_CONFIG = 2;

/** virDomainXMLFlags. */
export const VIR_DOMAIN_XML_INACTIVE = 2;
export const VIR_DOMAIN_XML_MIGRATABLE = 8;

/** virNetworkXMLFlags: https://libvirt.org/html/libvirt-libvirt-network.html */
export const VIR_NETWORK_XML_INACTIVE = 1;

/** virNetworkUpdateCommand. */
export const VIR_NETWORK_UPDATE_COMMAND_MODIFY = 1;
export const VIR_NETWORK_UPDATE_COMMAND_DELETE = 2;
export const VIR_NETWORK_UPDATE_COMMAND_ADD_LAST = 3;

/** virNetworkUpdateSection. */
export const VIR_NETWORK_SECTION_IP_DHCP_HOST = 4;

/** virNetworkUpdateFlags. */
export const VIR_NETWORK_UPDATE_AFFECT_LIVE = 1;
export const VIR_NETWORK_UPDATE_AFFECT_CONFIG = 2;

/** virDomainInterfaceAddressesSource: ask the guest agent. */
export const VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT = 1;

/** virConnectListAllNodeDeviceFlags: https://libvirt.org/html/libvirt-libvirt-nodedev.html */
export const VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV = 2;

/** virDomainGetID of a guest that is not active: (unsigned int) -1. */
export const VIR_DOMAIN_NO_ID = 0xFFFF_FFFF;

/** VIR_UUID_STRING_BUFLEN of libvirt-host.h: 36 characters and the terminator. */
export const VIR_UUID_STRING_BUFLEN = 37;

/** virDomainState by number.
 * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainState */
export const virDomainStates = ['nostate', 'running', 'blocked', 'paused', 'shutdown', 'shutoff', 'crashed', 'pmsuspended'] as const;

/** The values of virErrorNumber that vfctl tells apart.
 * https://libvirt.org/html/libvirt-virterror.html#virErrorNumber */
export const VIR_ERR_INTERNAL_ERROR = 1;
export const VIR_ERR_NO_SUPPORT = 3;
export const VIR_ERR_NO_CONNECT = 5;
export const VIR_ERR_INVALID_ARG = 8;
export const VIR_ERR_OPERATION_FAILED = 9;
export const VIR_ERR_OPERATION_DENIED = 29;
export const VIR_ERR_SYSTEM_ERROR = 38;
export const VIR_ERR_NO_DOMAIN = 42;
export const VIR_ERR_NO_NETWORK = 43;
export const VIR_ERR_AUTH_FAILED = 45;
export const VIR_ERR_OPERATION_INVALID = 55;
export const VIR_ERR_ARGUMENT_UNSUPPORTED = 74;
export const VIR_ERR_AUTH_CANCELLED = 79;
export const VIR_ERR_OPERATION_UNSUPPORTED = 84;
export const VIR_ERR_AGENT_UNRESPONSIVE = 86;
export const VIR_ERR_ACCESS_DENIED = 88;
export const VIR_ERR_AUTH_UNAVAILABLE = 94;
export const VIR_ERR_AGENT_UNSYNCED = 97;
export const VIR_ERR_DEVICE_MISSING = 99;
export const VIR_ERR_AGENT_COMMAND_TIMEOUT = 112;
export const VIR_ERR_AGENT_COMMAND_FAILED = 113;

/** virErrorDomain of the socket and RPC code: an error from there is about the way to the
 * daemon, not about a guest. */
export const VIR_FROM_RPC = 7;
