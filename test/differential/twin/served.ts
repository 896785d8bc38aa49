/**
 * `served`: whether some fair run leaves a page request without a translation and without INVALID.
 *
 * Models:     the retry limit is unlimited; a run is fair if every obliged actor that is enabled
 *             for ever takes a step; a run may also end where no obliged actor can move.
 * Simplifies: refusals keep the same request open. Which actors are obliged is a parameter.
 */
import { decode } from "./codec.js";
import { components } from "./components.js";
import { firstWorld, type Instance } from "./instance.js";
import { modelOf } from "./model.js";
import { Exhausted } from "./explore.js";
import { RequestState, type World } from "./world.js";

/**
 * weak-by-engine: threads, handlers, queues, arrivals of accesses and retries are obliged, one by
 * one. weak-by-actor:  as above, but the steps of one device are one actor. strong:         as
 * weak-by-engine, and an actor that is enabled again and again takes a step.
 */
export type Fairness = "weak-by-engine" | "weak-by-actor" | "strong";

interface Edge {
  to: number;
  actor: string;
}

const isObliged = (actor: string): boolean =>
  /^(mm \d|handler \d|iommu|timer|device \d (access|retry))$/.test(actor);

function actorOf(actor: string, fairness: Fairness): string | undefined {
  if (fairness === "weak-by-actor") {
    if (actor.startsWith("device")) return actor.slice(0, "device 0".length);
    return actor === "environment" || actor === "registrar" ? undefined : actor;
  }
  return isObliged(actor) ? actor : undefined;
}

function isUnanswered(world: World, device: number): boolean {
  const { state } = world.devices[device]!.request;
  return state === RequestState.Outstanding || state === RequestState.Retrying;
}

export interface Unserved {
  device: number;
  /** The shortest path to the cycle and the actors that move in it. */
  lead: string[];
  movers: string[];
  worlds: number;
}

interface Graph {
  worlds: World[];
  edges: Edge[][];
  leads: { parent: number; by: string }[];
}

function graphOf(instance: Instance, stateLimit: number): Graph {
  const model = modelOf(instance);
  const shape = firstWorld(instance);
  const numbers = new Map([[model.first, 0]]);
  const keys = [model.first];
  const graph: Graph = { worlds: [], edges: [], leads: [{ parent: -1, by: "" }] };
  for (let index = 0; index < keys.length; index++) {
    graph.worlds.push(decode(shape, keys[index]!));
    graph.edges.push(
      model.moves(keys[index]!).map(({ next, actor, text }) => {
        let to = numbers.get(next);
        if (to === undefined) {
          to = keys.length;
          numbers.set(next, to);
          keys.push(next);
          graph.leads.push({ parent: index, by: `${actor}: ${text}` });
          if (keys.length > stateLimit) throw new Exhausted(`more than ${stateLimit} worlds`);
        }
        return { to, actor };
      }),
    );
  }
  return graph;
}

/** The obliged actors that are enabled in every world of the set, and those that are in some. */
function enabledIn(graph: Graph, nodes: number[], fairness: Fairness) {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const names = new Set(graph.edges[node]!.map(({ actor }) => actorOf(actor, fairness)));
    for (const name of names) if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const always = [...counts].filter(([, count]) => count === nodes.length).map(([name]) => name);
  return { always, sometimes: [...counts.keys()] };
}

/** A component in which a fair run can stay, or undefined. */
function fairComponent(graph: Graph, nodes: number[], fairness: Fairness): number[] | undefined {
  const inside = new Set(nodes);
  const stays = (node: number) => graph.edges[node]!.filter((edge) => inside.has(edge.to));
  const targets = new Map(nodes.map((node) => [node, stays(node).map(({ to }) => to)]));
  for (const component of components(nodes, (node) => targets.get(node)!)) {
    const members = new Set(component);
    const movers = new Set(
      component.flatMap((node) =>
        stays(node)
          .filter(({ to }) => members.has(to))
          .map(({ actor }) => actorOf(actor, fairness)),
      ),
    );
    const { always, sometimes } = enabledIn(graph, component, fairness);
    if (!always.every((actor) => movers.has(actor))) continue;
    if (fairness !== "strong") return component;
    const starved = sometimes.filter((actor) => !movers.has(actor));
    if (starved.length === 0) return component;
    const rest = component.filter(
      (node) =>
        !graph.edges[node]!.some(({ actor }) => starved.includes(actorOf(actor, fairness) ?? "")),
    );
    const smaller = rest.length > 0 ? fairComponent(graph, rest, fairness) : undefined;
    if (smaller) return smaller;
  }
  return undefined;
}

/** Searches a fair run in which a page request is never answered. */
export function findUnserved(
  instance: Instance,
  fairness: Fairness,
  stateLimit = Infinity,
): Unserved | undefined {
  const graph = graphOf({ ...instance, retryLimit: Infinity }, stateLimit);
  for (let device = 0; device < instance.devices; device++) {
    const open = graph.worlds.flatMap((world, node) => (isUnanswered(world, device) ? [node] : []));
    const component = fairComponent(graph, open, fairness);
    if (!component) continue;
    const entry = Math.min(...component);
    const lead: string[] = [];
    for (let at = entry; graph.leads[at]!.parent >= 0; at = graph.leads[at]!.parent)
      lead.push(graph.leads[at]!.by);
    const members = new Set(component);
    const movers = new Set(
      component.flatMap((node) =>
        graph.edges[node]!.filter(({ to }) => members.has(to)).map(({ actor }) => actor),
      ),
    );
    return { device, lead: lead.reverse(), movers: [...movers].sort(), worlds: component.length };
  }
  return undefined;
}
