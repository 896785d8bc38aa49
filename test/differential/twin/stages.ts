/** The stages of a protocol's fault handler, in the granularity that is chosen. */
import type { Instance } from "./instance.js";
import type { HandlerStage } from "./protocols.js";

function inVerbs(stage: HandlerStage): HandlerStage[] {
  if (stage === "check-and-install") return ["lock", "check", "install", "unlock"];
  return stage === "install" ? ["lock", "install", "unlock"] : [stage];
}

export function stagesOf({
  protocol,
  choices,
}: Pick<Instance, "protocol" | "choices">): readonly HandlerStage[] {
  return choices.mirrorInstall === "one-step"
    ? protocol.handler
    : protocol.handler.flatMap(inVerbs);
}

/** The stage that installs, or -1 where nothing is installed. */
export function installStage(instance: Pick<Instance, "protocol" | "choices">): number {
  return stagesOf(instance).findIndex(
    (stage) => stage === "install" || stage === "check-and-install",
  );
}
