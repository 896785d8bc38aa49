/** The seven questions that the thread of 2014 was asked, in its order. */
import { argumentsOf } from "../../scenario/arguments.js";
import type { Answer } from "../answer.js";
import { dataArgument } from "../arguments.js";
import type { StudyData } from "../data.js";
import { answerAlternatives } from "./alternatives.js";
import { answerCosts } from "./costs.js";
import { answerEdges } from "./edges.js";
import { answerFailure } from "./failure.js";
import { answerFaults } from "./faults.js";
import { answerStorm } from "./storm.js";
import { answerTables } from "./tables.js";

const ANSWERS: readonly ((data: StudyData) => Answer)[] = [
  answerEdges,
  answerFaults,
  answerStorm,
  answerFailure,
  answerTables,
  answerCosts,
  answerAlternatives,
];

const checkData = argumentsOf("studyAnswers", { data: dataArgument });

export function answers(data: StudyData): Answer[] {
  checkData({ data });
  return ANSWERS.map((answer) => answer(data));
}
