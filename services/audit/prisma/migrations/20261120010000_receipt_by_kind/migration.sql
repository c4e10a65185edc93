-- Who gets a receipt follows from the kind of the decision.
ALTER TABLE "log_leaf" DROP COLUMN "reply_to";
