/** A driver protocol as it may be written: its shape, and what its steps mean together. */
import { checkProtocol } from "./consistency.js";
import { ProtocolShape } from "./shape.js";

export const ProtocolSchema = ProtocolShape.superRefine((protocol, context) => {
  checkProtocol(protocol, (path, problem, hint) => {
    context.addIssue({ code: "custom", path, message: `${problem}\n${hint}` });
  });
});

export {
  FLUSH_SITES,
  StepSchema,
  TRAITS,
  type Protocol,
  type ProtocolInput,
  type ProtocolStep,
} from "./shape.js";
