/** The transition system of an instance: its first world and the steps that leave a world. */
import { encode } from "./codec.js";
import { addDeviceMoves } from "./device.js";
import { addHandlerMoves } from "./handler.js";
import { firstWorld, type Instance } from "./instance.js";
import { Moves, harmless, type Move } from "./moves.js";
import { programsOf } from "./operations.js";
import { addOtherMoves } from "./others.js";
import { enabledStep, takeStep } from "./thread.js";

export interface Model {
  first: string;
  moves: (key: string) => Move[];
}

export function modelOf(instance: Instance): Model {
  const shape = firstWorld(instance);
  const programs = programsOf(instance);
  const moves = (key: string): Move[] => {
    const collected = new Moves(shape, key);
    programs.forEach((program, index) => {
      const step = enabledStep(program, collected.world, collected.world.threads[index]!);
      if (!step) return;
      collected.add(
        `mm ${index}`,
        step.text,
        harmless((world) => {
          takeStep(program, world, world.threads[index]!);
        }),
      );
    });
    for (let device = 0; device < instance.devices; device++) {
      addDeviceMoves(instance, collected, device);
      addHandlerMoves(instance, collected, device);
    }
    addOtherMoves(instance, collected);
    return collected.list;
  };
  return { first: encode(shape), moves };
}
