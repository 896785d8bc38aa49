/** What the functions that read a study take. */
import { made } from "../scenario/arguments.js";

export const dataArgument = made(
  "what a study has run",
  ["facts", "scenario", "base", "protocols", "states", "limits", "operations", "explored"],
  "await runStudy(options)",
);
