declare module "pbf/compile" {
  import type { PbfReader } from "pbf";
  /** Functions that read and write the messages of a schema, by their names. */
  export function compile(proto: object): Record<string, (reader: PbfReader) => unknown>;
}

declare module "resolve-protobuf-schema" {
  export function sync(path: string): object;
}
