// For imports whose types belong to browsers and would change those of the server.
export {};
