// Frames between VFs of one card, passed on by vfctl_fwd, on the lab's usual kernel.
import {exerciseForward} from './helpers/forward-exercise.ts';

exerciseForward();
