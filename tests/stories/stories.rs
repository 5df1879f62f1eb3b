//! Stories with the real binary, a real MCP server, and stand-ins that are as strict as the real
//! thing. Time is real here; what needs simulated time is in the simulation.

mod alertmanager;
mod alertmanager_clients;
mod amtool;
mod browser;
mod bus;
mod bus_again;
mod bus_faults;
mod bus_hosts;
mod bus_logins;
mod bus_targets;
mod chat;
mod crash;
mod diagnosed;
mod events;
mod hooks;
mod inspection;
mod kinds;
mod links;
mod lint;
mod mcp;
mod mcp_inspector;
mod no_model;
mod oidc;
mod other_server;
mod pages;
mod people;
mod pushing;
mod shipped;
mod silences;
mod sources;
mod targets;
mod traces;
mod watch;
mod watch_workloads;
mod with_model;
