-- The alarm page asks for what became of each alarm's commands.

CREATE INDEX alarm_commands_of_alarm ON alarm_commands (alarm, n);
