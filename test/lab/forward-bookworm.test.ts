// Frames between VFs of one card, passed on by vfctl_fwd, on the kernel of Debian 12.
import {exerciseForward} from './helpers/forward-exercise.ts';

exerciseForward('6.1');
