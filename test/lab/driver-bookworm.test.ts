// The PF driver that vfctl builds, on the kernel of Debian 12.
import {exerciseDriver} from './helpers/driver-exercise.ts';

exerciseDriver('6.1');
