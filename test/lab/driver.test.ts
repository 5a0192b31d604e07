// The PF driver that vfctl builds, on the lab's usual kernel.
import {exerciseDriver} from './helpers/driver-exercise.ts';

exerciseDriver();
